/** The command line and the environment: accepted values, and the errors for the others. */
import test from 'ava'
import { crudjt } from '../helpers/cli.js'

for (const [args, says] of [
  [[], /No command given: serve, keygen, health, backup, verify, repair, compact, keys, or/],
  [['serv'], /Unknown command 'serv': did you mean 'serve'\?/],
  [['serve', '--prot', '50051'], /Unknown option '--prot': did you mean '--port'\?/],
  [['serve', '--secret_file=x'], /Unknown option '--secret_file': did you mean '--secret-file'\?/],
  [['serve', '--secret-key', 'x'], /Unknown option '--secret-key': did you mean '--secret-file'\?/],
  [['serve', '-p', '1'], /Unknown option '-p'/],
  [['serve', '--port'], /--port expects a value: --port PORT/],
  [['serve', '--port', '--host', 'x'], /--port expects a value/],
  [['serve', '--require-known-key=no'], /--require-known-key takes no value/],
  [['serve', 'now'], /Unexpected argument 'now'/],
  [['serve', '--port', '1', '--port=2'], /--port is given more than once/],
  [['health', '--port', '-1'], /--port expects a value/],
  [['health', '--port=-1'], /--port: expected a port number, 0 to 65535, got '-1'/],
  [['health', '--timeout-ms', '1s'], /--timeout-ms: expected a whole number of mill.*got '1s'/],
  [['keygen', '--bytes', '33'], /--bytes: expected 32, 48 or 64, got '33'/],
] as const) {
  test(`"crudjt ${args.join(' ')}" is rejected in one line with status 64`, async (t) => {
    const { status, stdout, stderr } = await crudjt(args)
    t.is(status, 64)
    t.is(stdout, '')
    t.regex(stderr, says)
    t.regex(stderr, /^crudjt: [^\n]+\n$/)
  })
}

test('an invalid value in the environment is rejected with status 78 and the name of its variable', async (t) => {
  const { status, stderr } = await crudjt(['health'], { env: { CRUDJT_DOCKER_PORT: 'http' } })
  t.is(status, 78)
  t.regex(stderr, /^crudjt: CRUDJT_DOCKER_PORT: expected a port number[^\n]+\n$/)
})

test('the help of serve shows options and environment variables side by side', async (t) => {
  const { status, stdout } = await crudjt(['serve', '--port', '1', '--help'])
  t.is(status, 0)
  t.regex(stdout, /--port PORT, CRUDJT_PORT, CRUDJT_DOCKER_PORT\n/)
  t.regex(stdout, /--secret-file FILE, CRUDJT_SECRET_FILE\n/)
  t.regex(stdout, /^ {2}CRUDJT_SECRET_KEY\n/m)
})

test('the help names every command and the exit statuses', async (t) => {
  const { status, stdout } = await crudjt(['--help'])
  t.is(status, 0)
  for (const part of [' serve ', ' backup ', ' verify ', ' keys ', '64', '78'])
    t.true(stdout.includes(part))
})

test('the version is the one of the package', async (t) => {
  const { stdout } = await crudjt(['--version'])
  t.is(stdout, `${process.env.npm_package_version ?? '2.0.0'}\n`)
})
