/** A program that is a client of a master ends. */
import { testEnds } from './exits.js'

testEnds('client')
