import { behave } from './behaviour/suite.js'
import { promises } from './behaviour/ways.js'

behave(promises)
