/** A master ends. */
import { testEnds } from './exits.js'

testEnds('master')
