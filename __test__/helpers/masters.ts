/** Masters in processes of their own. */
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { platform } from 'node:process'
import { type MasterOptions, Store } from 'crudjt'
import { ask, kill, startProcess } from './children.js'
import { KEY } from './keys.js'

/** Ports that no system gives to somebody who asks for any, for Windows, which has no sockets by path. */
const FIRST_PORT = 10_000
const PORTS = 20_000

/** Where a master is. */
export interface At {
  grpc_host: string
  grpc_port: number
}

/** A master that runs. */
export interface RunningMaster {
  readonly at: At
  readonly process: ChildProcess
}

/**
 * A place for a master that is stopped or killed and started anew: nobody takes it meanwhile, as
 * somebody may a port. `removeFolder` removes it with the folder.
 */
export function placeOf(folder: string): At {
  if (platform !== 'win32') return { grpc_host: `unix:${folder}.sock`, grpc_port: 0 }
  return { grpc_host: '127.0.0.1', grpc_port: FIRST_PORT + randomInt(PORTS) }
}

/** How a client reaches one: no call is to fail because the machine is slow. */
export function patient<Place extends At>(at: Place): Place & { timeout_ms: number } {
  return { ...at, timeout_ms: 3_600_000 }
}

/** Starts one of this package, on a free port unless told where. */
export function runMaster(
  folder: string,
  options: Partial<MasterOptions> = {},
): Promise<RunningMaster> {
  const all = { secret_key: KEY, store_jt_path: folder, grpc_port: 0, ...options }
  return run('master.mjs', JSON.stringify(all))
}

/** Starts one as there are in other languages; `nothing` is what it answers for no such token. */
export function runOlderMaster(
  folder: string,
  nothing: 'nil' | 'empty' | 'map',
): Promise<RunningMaster> {
  return run('older-master.mjs', folder, KEY, nothing)
}

async function run(script: string, ...args: string[]): Promise<RunningMaster> {
  const process = await startProcess(script, ...args)
  return { at: await ask<At>(process, 'address'), process }
}

/** Stops a master as a debugger does, and waits until it has: until then it answers. */
export async function pauseMaster({ at, process }: RunningMaster): Promise<void> {
  process.kill('SIGSTOP')
  const impatient = await Store.connect({ ...at, timeout_ms: 100 })
  const answers = () =>
    impatient.create({}).then(
      () => true,
      () => false,
    )
  while (await answers());
  void impatient.close()
}

/** Stops a master of this package in order. */
export async function stopMaster({ process }: RunningMaster): Promise<void> {
  await ask(process, 'stop')
  await kill(process)
}
