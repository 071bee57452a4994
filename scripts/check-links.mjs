// Checks relative links and anchors of all Markdown documents: node scripts/check-links.mjs
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './tools.mjs'

const LINK = /!?\[[^\]]*\]\(([^()\s]+)\)|(?:src|srcset|href)="([^"]+)"/g
const TEMPLATE = /\.template\.md$/ // its links are those of the document it becomes

const listed = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' })
const documents = listed.split('\n').filter((path) => path !== '' && !TEMPLATE.test(path))
const problems = documents.flatMap((path) => linksOf(path).flatMap((link) => check(path, link)))
for (const problem of problems) console.error(problem)
console.log(`${documents.length} documents, ${problems.length} dead links`)
process.exitCode = problems.length === 0 ? 0 : 1

function linksOf(path) {
  const links = [...prose(path).matchAll(LINK)].map((match) => match[1] ?? match[2])
  return links.filter((link) => !/^[a-z]+:/.test(link))
}

function check(path, link) {
  const [file, anchor] = link.split('#')
  const target = file === '' ? path : join(path, '..', file)
  if (!existsSync(join(root, target))) return [`${path}: ${link} does not exist`]
  if (anchor === undefined || anchorsOf(target).includes(anchor)) return []
  return [`${path}: ${link} names no heading`]
}

/** Headings as GitHub makes anchors of them. */
function anchorsOf(path) {
  const headings = [...prose(path).matchAll(/^#+ (.*)$/gm)].map(([, text]) => text.toLowerCase())
  return headings.map((text) => text.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}

function prose(path) {
  return readFileSync(join(root, path), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
}
