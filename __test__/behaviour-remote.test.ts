import { behave } from './behaviour/suite.js'
import { remote } from './behaviour/ways.js'

behave(remote)
