/** Reads the compose file as `docker compose` does. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** The service of our compose file. */
export interface Service {
  readonly restart: string
  readonly ports: string[]
  readonly environment: Record<string, string>
  readonly volumes: string[]
  readonly read_only: boolean
  readonly tmpfs: string[]
  readonly cap_drop: string[]
  readonly security_opt: string[]
  readonly stop_grace_period: string
}

/** The service, with variables replaced by the given values or their defaults. */
export function readCompose(set: Readonly<Record<string, string>> = {}): Service {
  const text = readFileSync('docker/docker-compose.yml', 'utf8')
  const filled = text.replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_, name, value) => set[name] ?? value)
  const service = parse(filled).services['crudjt-server']
  const environment = Object.entries(service.environment).map(([name, value]) => [
    name,
    String(value ?? ''),
  ])
  return { ...service, environment: Object.fromEntries(environment) }
}
