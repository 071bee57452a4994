// A server's log meets an error that nobody caught. node crash.mjs TEXT: what its message holds.
import { logCrashes, openLog } from '../../../build/src/cli/server/log.js'

logCrashes(openLog('info'))
await Promise.reject(Object.assign(new TypeError(process.argv[2]), { code: 'ERR_ODD' }))
