/**
 * The container: executes the steps of the Dockerfile in a fresh folder, and runs the server with the
 * container's paths, environment, user and read-only root file system.
 */
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { Store } from 'crudjt'
import { type Ended, runToEnd, type Server, startServer } from '../../helpers/cli.js'
import { newFolder, removeFolder } from '../../helpers/folder.js'
import { KEY } from '../../helpers/keys.js'
import { buildImage, type Image } from './build.js'
import { readCompose } from './compose.js'
import {
  type Container,
  firstProcess,
  healthCheck,
  inContainer,
  makeMountPoint,
  obstacle,
} from './confine.js'
import { commandIn, readDockerfile } from './dockerfile.js'

const reason = obstacle()
const only = reason === undefined ? test.serial : test.serial.skip
const named = (title: string) => (reason === undefined ? title : `${title} (skipped: ${reason})`)

const folder = newFolder()
let image: Image
let removeMountPoint = () => {}

test.before(async (t) => {
  if (reason !== undefined) return t.log(`No image was built: ${reason}`)
  t.timeout(900_000)
  chmodSync(folder, 0o755)
  removeMountPoint = makeMountPoint()
  image = await buildImage(folder)
  for (const line of image.log) t.log(line)
})

test.after.always(() => {
  removeMountPoint()
  removeFolder(folder)
})

/** A container with folders of its own. */
async function newContainer(hasSecret = true): Promise<Container> {
  const host = newFolder()
  const [store, secrets] = [join(host, 'store_jt'), join(host, 'crudjt_secrets')]
  for (const path of [store, secrets]) {
    mkdirSync(path)
    chownSync(path, 1000, 1000)
  }
  if (hasSecret) writeSecret(secrets, `${KEY}\n`)
  const set = { CRUDJT_DOCKER_PORT: String(await freePort()) }
  return { app: image.app, stage: image.stage, store, secrets, set }
}

/** As docker/README.md says: readable by the user of the container only. */
function writeSecret(folder: string, text: string): void {
  const file = join(folder, 'secret_key.txt')
  writeFileSync(file, text, { mode: 0o600 })
  chownSync(file, 1000, 1000)
}

function remove({ store }: Container): void {
  removeFolder(join(store, '..'))
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Stops it as a container engine does: signals the first process of the container. */
function stop(server: Server, signal: string): Promise<Ended> {
  process.kill(firstProcess(server.process.pid as number), signal)
  return server.ended
}

/** The only log line of a server that failed to start. */
async function failedStart(container: Container): Promise<{ status: number | null; msg: string }> {
  const { status, stdout, stderr } = await runToEnd(inContainer(container))
  const lines = stdout.trimEnd().split('\n')
  if (lines.length !== 1 || stderr !== '') throw new Error(`not one line: ${stdout}${stderr}`)
  return { status, msg: JSON.parse(lines[0] as string).msg }
}

only(named('a server in its container keeps tokens across a restart'), async (t) => {
  const container = await newContainer()
  const data = { user: 42, mark: 'Zaphod' }
  const first = await startServer(inContainer(container))
  t.like(await first.line('started'), { pid: 1, store: '/app/store_jt' })
  const client = await Store.connect(first.at)
  const token = await client.create(data, { ttl: 600, silence_read: 9 })
  await client.close()
  const { status, stdout, stderr } = await stop(first, container.stage.config.STOPSIGNAL as string)
  t.is(status, 0)
  const second = await startServer(inContainer(container))
  const again = await Store.connect(second.at)
  t.deepEqual((await again.read(token))?.data, data)
  await again.close()
  t.is((await stop(second, 'SIGINT')).status, 0)
  t.is(stderr, '')
  const events = stdout.trimEnd().split('\n')
  t.deepEqual(
    events.map((line) => JSON.parse(line).event),
    ['started', 'CRUDJT_OPEN_PORT', 'stopping', 'stopped'],
  )
  for (const secret of [token, 'Zaphod', KEY]) t.false(stdout.includes(secret))
  remove(container)
})

only(named('the health check reports whether the server is serving'), async (t) => {
  const container = await newContainer()
  const check = () => runToEnd(inContainer(container, healthCheck(container)))
  t.is((await check()).status, 1)
  const server = await startServer(inContainer(container))
  t.like(await check(), { status: 0, stderr: '' })
  await stop(server, 'SIGTERM')
  t.is((await check()).status, 1)
  remove(container)
})

only(named('a server whose store is damaged stays healthy, and the check tells why'), async (t) => {
  const container = await newContainer()
  // What a rebuilding of the B-tree leaves.
  writeFileSync(join(container.store, 'records.damaged'), 'blocks')
  const server = await startServer(inContainer(container))
  const { status, stdout } = await runToEnd(inContainer(container, healthCheck(container)))
  t.is(status, 0)
  t.regex(stdout, /^DEGRADED at [^\n]+: the store is damaged/)
  await stop(server, 'SIGTERM')
  remove(container)
})

only(named('the server can write to its store and /tmp only'), async (t) => {
  const container = await newContainer()
  const probe = readFileSync('__test__/package/container/probe.cjs', 'utf8')
  const { stdout, stderr } = await runToEnd(inContainer(container, ['node', '-e', probe]))
  t.is(stderr, '')
  const none = '0'.repeat(16)
  t.deepEqual(JSON.parse(stdout), {
    ids: [1000, 1000],
    capabilities: [none, none, none],
    canGainPrivileges: false,
    readOnly: ['/', '/app', '/app/secrets'],
    writes: ['/app/store_jt', '/tmp'],
  })
  remove(container)
})

only(named('keygen in the container prints a secret that the server accepts'), async (t) => {
  const container = await newContainer(false)
  const { stdout } = await runToEnd(inContainer(container, ['crudjt', 'keygen']))
  writeSecret(container.secrets, stdout)
  const server = await startServer(inContainer(container))
  const ended = await stop(server, 'SIGTERM')
  t.is(ended.status, 0)
  t.false(ended.stdout.includes(stdout.trim()))
  remove(container)
})

only(named('a missing secret is reported in one line with status 78'), async (t) => {
  const container = await newContainer(false)
  const { status, msg } = await failedStart(container)
  t.is(status, 78)
  t.regex(msg, /no file \/app\/secrets\/secret_key\.txt: generate it with npx crudjt keygen/)
  remove(container)
})

only(named('a store owned by root is reported with the chown command and status 78'), async (t) => {
  const container = await newContainer()
  chownSync(container.store, 0, 0)
  const { status, msg } = await failedStart(container)
  t.is(status, 78)
  t.regex(
    msg,
    /^Permission denied for the store at \/app\/store_jt: run as root: chown -R 1000:1000 \/app\/store_jt /,
  )
  t.deepEqual(readdirSync(container.store), [])
  remove(container)
})

only(named('files of root that an older image left are reported likewise'), async (t) => {
  const container = await newContainer()
  writeFileSync(join(container.store, 'lock'), '', { mode: 0o600 })
  const { status, msg } = await failedStart(container)
  t.is(status, 78)
  t.regex(msg, /run as root: chown -R 1000:1000 \/app\/store_jt /)
  remove(container)
})

test('the image and the compose file keep the contract of the older image', (t) => {
  const stage = readDockerfile('docker/Dockerfile').at(-1)
  t.like(stage?.env, {
    CRUDJT_DOCKER_HOST: '0.0.0.0',
    CRUDJT_DOCKER_PORT: '50051',
    CRUDJT_STORE: '/app/store_jt',
    CRUDJT_SECRET_FILE: '/app/secrets/secret_key.txt',
  })
  t.like(stage?.config, { EXPOSE: '50051', USER: '1000:1000', STOPSIGNAL: 'SIGTERM' })
  t.deepEqual(commandIn(stage?.config.CMD), ['serve'])
  const service = readCompose()
  t.is(service.restart, 'unless-stopped')
  t.deepEqual(service.ports, ['0.0.0.0:50051:50051'])
  t.like(service.environment, { CRUDJT_DOCKER_HOST: '0.0.0.0', CRUDJT_DOCKER_PORT: '50051' })
  t.deepEqual(service.volumes, ['./store_jt:/app/store_jt', './crudjt_secrets:/app/secrets:ro'])
})

test('the port and folders of the host come from the variables of the older image', (t) => {
  const set = { CRUDJT_CLIENT_PORT: '7000', STORE_JT: '/srv/store', CRUDJT_SECRETS: '/srv/secrets' }
  const { ports, volumes } = readCompose(set)
  t.deepEqual(ports, ['0.0.0.0:7000:50051'])
  t.deepEqual(volumes, ['/srv/store:/app/store_jt', '/srv/secrets:/app/secrets:ro'])
})

test('the compose file drops every privilege that the server does not need', (t) => {
  const service = readCompose()
  t.true(service.read_only)
  t.deepEqual(service.tmpfs, ['/tmp'])
  t.deepEqual(service.cap_drop, ['ALL'])
  t.deepEqual(service.security_opt, ['no-new-privileges:true'])
  t.is(service.stop_grace_period, '30s')
})

test('secrets and stores are excluded from the image', (t) => {
  const ignored = readFileSync('docker/Dockerfile.dockerignore', 'utf8').split('\n')
  for (const name of ['docker', 'crudjt_secrets', 'store_jt', '.git'])
    t.true(ignored.includes(name))
})
