import { behave } from './behaviour/suite.js'
import { older } from './behaviour/ways.js'

behave(older)
