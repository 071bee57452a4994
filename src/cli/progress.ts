/** A bar that shows how far a long run is: on a terminal only, on standard error. */
import type { OnProgress } from '../options/backup-options.js'

/** Runs that are over sooner show none, in milliseconds. */
const PATIENCE_MS = 300

/** A bar that is shown or not. */
export interface Bar {
  readonly onProgress: OnProgress
  /** Takes it from the screen; may be called again. */
  end(): void
}

const NONE: Bar = { onProgress: () => {}, end: () => {} }

/**
 * Opens a bar.
 * @param isQuiet whether none is to be shown
 * @param stream where to show it
 * @param patience after how many milliseconds
 */
export async function openBar(
  isQuiet: boolean,
  stream: NodeJS.WriteStream = process.stderr,
  patience = PATIENCE_MS,
): Promise<Bar> {
  if (isQuiet || !stream.isTTY) return NONE
  const { Presets, SingleBar } = await import('cli-progress')
  const format = '{bar} {percentage} %, {eta_formatted} left'
  // Signals are for the command, which has something to say at its end.
  const options = { stream, format, clearOnComplete: true, hideCursor: true, gracefulExit: false }
  const bar = new SingleBar(options, Presets.shades_classic)
  const begin = performance.now()
  let isShown = false
  return {
    onProgress: (done, total) => {
      if (total === 0 || performance.now() - begin < patience) return
      if (!isShown) bar.start(total, done)
      else bar.update(done)
      isShown = true
    },
    end: () => bar.stop(),
  }
}
