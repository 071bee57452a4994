/** The progress bar of long runs: shown on a terminal only. */
import { Writable } from 'node:stream'
import test from 'ava'
import { openBar } from '../../build/src/cli/progress.js'

/** A stream that records what is written to it. */
function screen(isTTY: boolean) {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  const terminal = Object.assign(stream, { isTTY, columns: 80 }) as unknown as NodeJS.WriteStream
  return { terminal, text: () => text }
}

test('the bar is shown on a terminal, then cleared, and the cursor is restored', async (t) => {
  const { terminal, text } = screen(true)
  const bar = await openBar(false, terminal, 0)
  bar.onProgress(0, 0)
  t.is(text(), '')
  bar.onProgress(25, 100)
  t.true(text().includes('25 %'))
  bar.onProgress(100, 100)
  bar.end()
  bar.end()
  const hidden = text().lastIndexOf('\u001b[?25l')
  t.true(hidden >= 0 && text().lastIndexOf('\u001b[?25h') > hidden)
})

test('a short run, a quiet run and a run without a terminal show nothing', async (t) => {
  for (const [isQuiet, isTTY, showAfter] of [
    [false, true, 60_000],
    [true, true, 0],
    [false, false, 0],
  ] as const) {
    const { terminal, text } = screen(isTTY)
    const bar = await openBar(isQuiet, terminal, showAfter)
    bar.onProgress(25, 100)
    bar.end()
    t.is(text(), '')
  }
})
