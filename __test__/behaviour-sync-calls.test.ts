import { behave } from './behaviour/suite.js'
import { syncCalls } from './behaviour/ways.js'

behave(syncCalls)
