/** A progress bar on standard error, shown only on a terminal. */
import type { OnProgress } from '../options/backup-options.js'

/** A run that ends sooner shows no bar, in milliseconds. */
const SHOW_AFTER_MS = 300

/** A bar, shown or not. */
export interface Bar {
  readonly onProgress: OnProgress
  /** Clears it from the screen; can be called again. */
  end(): void
}

const NONE: Bar = { onProgress: () => {}, end: () => {} }

/**
 * Opens a progress bar.
 * @param isQuiet whether to hide it
 * @param stream where to show it
 * @param showAfter milliseconds before it appears
 */
export async function openBar(
  isQuiet: boolean,
  stream: NodeJS.WriteStream = process.stderr,
  showAfter = SHOW_AFTER_MS,
): Promise<Bar> {
  if (isQuiet || !stream.isTTY) return NONE
  const { Presets, SingleBar } = await import('cli-progress')
  const format = '{bar} {percentage} %, {eta_formatted} left'
  // The command handles signals itself, to say what an interruption leaves behind.
  const options = { stream, format, clearOnComplete: true, hideCursor: true, gracefulExit: false }
  const bar = new SingleBar(options, Presets.shades_classic)
  const start = performance.now()
  let isShown = false
  return {
    onProgress: (done, total) => {
      if (total === 0 || performance.now() - start < showAfter) return
      if (!isShown) bar.start(total, done)
      else bar.update(done)
      isShown = true
    },
    end: () => bar.stop(),
  }
}
