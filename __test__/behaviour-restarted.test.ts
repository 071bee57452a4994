import { behave } from './behaviour/suite.js'
import { restarted } from './behaviour/ways.js'

behave(restarted)
