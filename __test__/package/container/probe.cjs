// Runs in the container and prints its identity and permissions as JSON.
const { accessSync, constants, readFileSync } = require('node:fs')

const PATHS = ['/app', '/app/dist', '/app/secrets', '/etc', '/app/store_jt', '/tmp']
const status = readFileSync('/proc/self/status', 'utf8')
const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
const isReadOnly = (path) => {
  const mount = mounts.findLast((line) => line.split(' ')[1] === path)
  return mount.split(' ')[3].split(',').includes('ro')
}
const canWrite = (path) => {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const found = {
  ids: [process.getuid(), process.getgid()],
  capabilities: [...status.matchAll(/Cap(?:Prm|Eff|Bnd):\t(\w+)/g)].map((line) => line[1]),
  canGainPrivileges: !/NoNewPrivs:\t1/.test(status),
  readOnly: ['/', '/app', '/app/secrets'].filter(isReadOnly),
  writes: PATHS.filter(canWrite),
}
console.log(JSON.stringify(found))
