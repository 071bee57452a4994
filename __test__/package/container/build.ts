/**
 * Executes the steps of a Dockerfile one by one, each stage in a fresh folder that stands for its root.
 * The toolchains of the base images are those of this machine.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { readDockerfile, type Stage } from './dockerfile.js'

const DOCKERFILE = 'docker/Dockerfile'

/**
 * The step that compiles for minutes. It is skipped by default: the binding in this folder, built by
 * the same command, is copied instead.
 */
const NATIVE = 'npm run build:native'
const COMPILES = process.env.CRUDJT_CONTAINER_NATIVE === '1'

/** A built image. */
export interface Image {
  /** The folder that stands for `/app`. */
  readonly app: string
  readonly stage: Stage
  /** The executed steps. */
  readonly log: readonly string[]
}

/** Builds the image in a folder. */
export async function buildImage(folder: string): Promise<Image> {
  const stages = readDockerfile(DOCKERFILE)
  const log: string[] = []
  for (const stage of stages) log.push(...(await new Build(folder, stages, stage).run()))
  const stage = stages.at(-1) as Stage
  return { app: join(rootOf(folder, stage), 'app'), stage, log }
}

function rootOf(folder: string, stage: Stage): string {
  return join(folder, `stage-${stage.name}`)
}

/** One stage while it is built. */
class Build {
  private readonly folder: string
  private readonly stages: readonly Stage[]
  private readonly stage: Stage
  private readonly log: string[] = []
  private workdir = '/'

  constructor(folder: string, stages: readonly Stage[], stage: Stage) {
    this.folder = folder
    this.stages = stages
    this.stage = stage
  }

  async run(): Promise<string[]> {
    const does = { COPY: this.copy, RUN: this.command, WORKDIR: this.enter }
    for (const { kind, text } of this.stage.steps) {
      this.log.push(`${this.stage.name}: ${kind} ${text}`)
      await does[kind].call(this, text)
    }
    return this.log
  }

  private get cwd(): string {
    return join(rootOf(this.folder, this.stage), this.workdir)
  }

  private enter(path: string): void {
    this.workdir = path
    mkdirSync(this.cwd, { recursive: true })
  }

  private async command(line: string): Promise<void> {
    const options = { cwd: this.cwd, timeout: 600_000, maxBuffer: Number.POSITIVE_INFINITY }
    if (line === NATIVE && !COMPILES) this.takeBinding()
    else await promisify(execFile)('sh', ['-ec', line], options)
  }

  private takeBinding(): void {
    for (const name of expand('*.node')) cpSync(name, join(this.cwd, name))
    this.log.push('  (copied from this folder; CRUDJT_CONTAINER_NATIVE=1 compiles it)')
  }

  private copy(text: string): void {
    const [, from, paths = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(text) ?? []
    const sources = paths.split(' ')
    const target = join(this.cwd, sources.pop() as string)
    if (from === undefined) copyContext(sources, target)
    else this.copyFrom(from, sources, target)
  }

  private copyFrom(name: string, sources: readonly string[], target: string): void {
    const stage = this.stages.find((stage) => stage.name === name) as Stage
    if (stage.steps.length === 0) return
    const root = rootOf(this.folder, stage)
    for (const path of sources.flatMap((source) => expand(join(root, source)))) {
      copyInto(path, target)
    }
  }
}

/** Expands a path whose last segment begins with a star. */
function expand(path: string): string[] {
  const [before, after] = basename(path).split('*')
  if (before !== '' || after === undefined) return [path]
  const folder = dirname(path)
  return readdirSync(folder).flatMap((name) => (name.endsWith(after) ? join(folder, name) : []))
}

/** Copies a file, or the contents of a folder, into the target folder. */
function copyInto(path: string, target: string): void {
  const to = statSync(path).isFile() ? join(target, basename(path)) : target
  cpSync(path, to, { recursive: true, verbatimSymlinks: true })
}

/** Copies from the project's folder what `.dockerignore` does not exclude. */
function copyContext(sources: readonly string[], target: string): void {
  const ignored = readFileSync(`${DOCKERFILE}.dockerignore`, 'utf8').trim().split('\n')
  const isIgnored = (name: string) =>
    ignored.some((rule) => (rule.startsWith('*') ? name.endsWith(rule.slice(1)) : name === rule))
  const names = sources.flatMap((source) => (source === '.' ? readdirSync('.') : [source]))
  for (const name of names.filter((name) => !isIgnored(name))) {
    cpSync(name, join(target, name), { recursive: true, verbatimSymlinks: true })
  }
}
