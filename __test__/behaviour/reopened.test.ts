/** A store that is reopened, or whose master is restarted, after each write. */
import { behave } from './suite.js'
import { reopened, restarted } from './variants.js'

for (const variant of [reopened, restarted]) behave(variant)
