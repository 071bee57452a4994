/** Parses the subset of Dockerfile syntax that this project uses; anything else is an error. */
import { readFileSync } from 'node:fs'

/** One step of a build stage. */
export interface Step {
  readonly kind: 'COPY' | 'RUN' | 'WORKDIR'
  readonly text: string
}

/** One build stage: its base image, its steps, and the configuration of the image. */
export interface Stage {
  readonly name: string
  readonly from: string
  readonly steps: Step[]
  readonly env: Record<string, string>
  /** The other instructions, such as `USER`. */
  readonly config: Record<string, string>
}

const STEPS: readonly string[] = ['COPY', 'RUN', 'WORKDIR'] satisfies Step['kind'][]
const CONFIG = ['USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD']

/** The stages of a Dockerfile; the last one is the image. */
export function readDockerfile(path: string): Stage[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  const stages: Stage[] = []
  for (const line of lines.filter((line) => line.trim() !== '' && !line.startsWith('#'))) {
    const [, instruction, rest] = /^([A-Z]+) (.+)$/.exec(line) ?? []
    if (instruction === undefined || rest === undefined) throw new Error(`unsupported: ${line}`)
    if (instruction === 'FROM') stages.push(stageOf(rest))
    else add(stages.at(-1) as Stage, instruction, rest)
  }
  return stages
}

/** The command in an instruction's JSON form. */
export function commandIn(instruction: string | undefined): string[] {
  return JSON.parse(/\[.*\]/.exec(instruction ?? '')?.[0] ?? '[]')
}

function stageOf(rest: string): Stage {
  const [from = '', , name = ''] = rest.split(' ')
  return { name, from, steps: [], env: {}, config: {} }
}

function add(stage: Stage, instruction: string, rest: string): void {
  if (STEPS.includes(instruction)) {
    stage.steps.push({ kind: instruction as Step['kind'], text: rest })
  } else if (CONFIG.includes(instruction)) {
    stage.config[instruction] = rest
  } else if (instruction === 'ENV') {
    const [name = '', value = ''] = rest.split(/=(.*)/)
    stage.env[name] = value
  } else {
    throw new Error(`unsupported: ${instruction} ${rest}`)
  }
}
