/** Which peers are there, after those that are missing were installed as far as possible. */
import { isInstalled, prepare } from '../grpc/prepare.mjs'
import { PEERS } from './peers.mjs'

/** @param {boolean} whole whether peers are compiled and a server may be installed @returns {string[]} */
export function preparePeers(whole) {
  const { redis } = prepare(whole)
  const isThere = ({ packages = [], server }) => packages.every(isInstalled) && (!server || redis)
  const missing = Object.values(PEERS).filter((peer) => !isThere(peer))
  for (const { name } of missing) console.log(`Left out: ${name}`)
  return Object.keys(PEERS).filter((id) => isThere(PEERS[id]))
}
