// Package voice reads clips that riders send with a request: AMR narrowband and wideband as phones
// record them, and Opus in Ogg. It finds the format and the length of a clip and refuses whatever
// is something else, is larger or longer than a clip may be, or is not whole:
//
//	head, err := voice.Read(clip)
//	// head.Format is voice.AMR, head.Length 12.3 s
//
// Nothing is decoded: what is told is what the frames and pages say of themselves. A clip that is
// read can still be noise. All of it are functions of bytes, safe for concurrent use.
package voice
