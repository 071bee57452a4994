import { behave } from './behaviour/suite.js'
import { older } from './behaviour/variants.js'

behave(older)
