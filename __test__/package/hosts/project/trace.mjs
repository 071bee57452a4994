// Prints the files that @vercel/nft finds for a program. node trace.mjs PROGRAM
import { nodeFileTrace } from '@vercel/nft'

const { fileList } = await nodeFileTrace([process.argv[2]])
console.log(JSON.stringify([...fileList]))
