/** Reads a Dockerfile, as far as ours goes: anything that is not known here is an error. */
import { readFileSync } from 'node:fs'

/** What one stage of a build does, in order. */
export interface Step {
  readonly kind: 'COPY' | 'RUN' | 'WORKDIR'
  readonly text: string
}

/** One stage: what it begins with, what it does, and what it leaves to whoever runs it. */
export interface Stage {
  readonly name: string
  readonly from: string
  readonly steps: Step[]
  readonly env: Record<string, string>
  /** Everything else by instruction, such as `USER`. */
  readonly facts: Record<string, string>
}

const STEPS: readonly string[] = ['COPY', 'RUN', 'WORKDIR'] satisfies Step['kind'][]
const FACTS = ['USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD']

/** The stages of a Dockerfile; the last one is the image. */
export function readDockerfile(path: string): Stage[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  const stages: Stage[] = []
  for (const line of lines.filter((line) => line.trim() !== '' && !line.startsWith('#'))) {
    const [, instruction, rest] = /^([A-Z]+) (.+)$/.exec(line) ?? []
    if (instruction === undefined || rest === undefined) throw new Error(`not understood: ${line}`)
    if (instruction === 'FROM') stages.push(stageOf(rest))
    else add(stages.at(-1) as Stage, instruction, rest)
  }
  return stages
}

/** The command in an instruction's JSON form. */
export function commandIn(fact: string | undefined): string[] {
  return JSON.parse(/\[.*\]/.exec(fact ?? '')?.[0] ?? '[]')
}

function stageOf(rest: string): Stage {
  const [from = '', , name = ''] = rest.split(' ')
  return { name, from, steps: [], env: {}, facts: {} }
}

function add(stage: Stage, instruction: string, rest: string): void {
  if (STEPS.includes(instruction)) {
    stage.steps.push({ kind: instruction as Step['kind'], text: rest })
  } else if (FACTS.includes(instruction)) {
    stage.facts[instruction] = rest
  } else if (instruction === 'ENV') {
    const [name = '', value = ''] = rest.split(/=(.*)/)
    stage.env[name] = value
  } else {
    throw new Error(`not understood: ${instruction} ${rest}`)
  }
}
