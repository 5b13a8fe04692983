package voice

import (
	"slices"
	"testing"
	"time"
)

func TestReadAMR(t *testing.T) {
	every := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 15}
	for _, test := range []struct {
		name   string
		clip   []byte
		format Format
		length time.Duration
	}{
		{"one of each type", amrClip(amrMagic, narrowBits, every...), AMR, 200 * time.Millisecond},
		{
			"one of each wide type",
			amrClip(amrWBMagic, wideBits, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15),
			AMRWB, 240 * time.Millisecond,
		},
		{"a second", amrClip(amrMagic, narrowBits, repeated(7, 50)...), AMR, time.Second},
		{"a minute", amrClip(amrMagic, narrowBits, repeated(7, 3000)...), AMR, time.Minute},
		{"a wide minute", amrClip(amrWBMagic, wideBits, repeated(4, 3000)...), AMRWB, time.Minute},
	} {
		got, err := Read(test.clip)
		if want := (Head{test.format, test.length}); err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", test.name, got, err, want)
		}
	}
}

func TestPaddingBitsMeanNothing(t *testing.T) {
	clip := amrClip(amrMagic, narrowBits, 0, 7)
	for _, i := range []int{len(amrMagic), len(amrMagic) + 13} {
		clip[i] |= 0x83
	}
	if got, err := Read(clip); err != nil || got.Length != 40*time.Millisecond {
		t.Errorf("%+v %v", got, err)
	}
}

func TestRefusedAMR(t *testing.T) {
	whole := amrClip(amrMagic, narrowBits, repeated(7, 10)...)
	for _, test := range []struct {
		name string
		clip []byte
		flaw Flaw
	}{
		{"no frame", []byte(amrMagic), Silent},
		{"20 ms too long", amrClip(amrMagic, narrowBits, repeated(0, 3001)...), TooLong},
		{"nothing, for long", amrClip(amrMagic, narrowBits, repeated(15, 3001)...), TooLong},
		{"a byte is missing", whole[:len(whole)-1], CutShort},
		{"a header alone", whole[:len(amrMagic)+1], CutShort},
		{"another system's noise", amrClip(amrMagic, narrowBits, 7, 9), Damaged},
		{"a reserved type", amrClip(amrMagic, narrowBits, 7, 14), Damaged},
		{"a reserved wide type", amrClip(amrWBMagic, wideBits, 7, 10), Damaged},
		{"channels", append([]byte("#!AMR_MC1.0\n\x00\x00\x00\x02"), whole[6:]...), Unknown},
		{"half a magic", []byte("#!AMR"), Unknown},
		{"too large", append(slices.Clone(whole), make([]byte, MaxBytes)...), TooLarge},
		{"nothing", nil, Unknown},
		{"a WAV file", []byte("RIFF\x24\x00\x00\x00WAVEfmt "), Unknown},
	} {
		wantFlaw(t, test.name, test.clip, test.flaw)
	}
}
