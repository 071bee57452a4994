/** A program with a store in its process ends. */
import { testEnds } from './exits.js'

testEnds('store')
