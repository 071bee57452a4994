import { behave } from './behaviour/suite.js'
import { restarted } from './behaviour/variants.js'

behave(restarted)
