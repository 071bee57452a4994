// Logs although nobody reads: its standard output must be a pipe whose reader has gone.
import { openLog } from '../../../build/src/cli/server/log.js'

const log = openLog('info')
process.once('message', () => {
  log.info({}, 'once')
  log.info({}, 'again')
  process.exitCode = 7
  process.disconnect()
})
process.send('ready')
