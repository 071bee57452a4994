/** Other processes and threads that use a store: their scripts, and talking with them. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

const script = (name: string) => join(__dirname, 'scripts', name)

/** A process that runs one of the scripts; it says `ready` first, then answers messages. */
export async function startProcess(name: string, ...args: string[]): Promise<ChildProcess> {
  const child = fork(script(name), args, { execArgv: [], serialization: 'advanced' })
  await next(child)
  return child
}

/** The next message of a process. Rejects if it ends instead. */
export function next<T = unknown>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the process ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as T)
    })
  })
}

/** Asks a process something. */
export function ask<T = unknown>(child: ChildProcess, message: string): Promise<T> {
  const answer = next<T>(child)
  child.send(message)
  return answer
}

/** Kills a process like `kill -9`. */
export async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** Runs a process to its end; gives its exit status and what it wrote. */
export function runProcess(name: string, ...args: string[]) {
  return runNode([], name, ...args)
}

/** The same with flags for Node. */
export async function runNode(execArgv: string[], name: string, ...args: string[]) {
  const child = fork(script(name), args, { execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  let text = ''
  child.stdout?.on('data', (chunk) => (text += chunk))
  child.stderr?.on('data', (chunk) => (text += chunk))
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, text }
}

/** Runs one of the scripts in a worker thread; gives the one message that it posts. */
export async function runWorker<T>(name: string, workerData: unknown): Promise<T> {
  const worker = new Worker(script(name), { workerData, execArgv: [] })
  const exit = once(worker, 'exit')
  const [answer] = (await once(worker, 'message')) as [T]
  await exit
  return answer
}
