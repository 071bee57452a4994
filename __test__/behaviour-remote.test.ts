import { behave } from './behaviour/suite.js'
import { remote } from './behaviour/variants.js'

behave(remote)
