import { behave } from './behaviour/suite.js'
import { facade } from './behaviour/variants.js'

behave(facade)
