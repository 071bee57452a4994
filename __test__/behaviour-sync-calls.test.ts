import { behave } from './behaviour/suite.js'
import { syncCalls } from './behaviour/variants.js'

behave(syncCalls)
