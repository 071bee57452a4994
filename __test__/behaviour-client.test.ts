import { behave } from './behaviour/suite.js'
import { client } from './behaviour/ways.js'

behave(client)
