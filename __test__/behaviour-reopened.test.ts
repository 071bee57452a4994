import { behave } from './behaviour/suite.js'
import { reopened } from './behaviour/variants.js'

behave(reopened)
