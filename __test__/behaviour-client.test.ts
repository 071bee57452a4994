import { behave } from './behaviour/suite.js'
import { client } from './behaviour/variants.js'

behave(client)
