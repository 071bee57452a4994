import { behave } from './behaviour/suite.js'
import { promises } from './behaviour/variants.js'

behave(promises)
