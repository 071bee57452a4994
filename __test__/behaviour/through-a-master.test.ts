/** A store of a master in another process, through each kind of client. */
import { behave } from './suite.js'
import { client, local, older, remote, remoteSync } from './variants.js'

for (const variant of [remote, local, client, older]) behave(variant)
// Windows has no local sockets.
if (process.platform !== 'win32') behave(remoteSync)
