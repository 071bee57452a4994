import { behave } from './behaviour/suite.js'
import { facade } from './behaviour/ways.js'

behave(facade)
