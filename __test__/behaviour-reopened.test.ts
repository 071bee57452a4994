import { behave } from './behaviour/suite.js'
import { reopened } from './behaviour/ways.js'

behave(reopened)
