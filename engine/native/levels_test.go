package native_test

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/native"
)

// needs is what Linux says of an amd64 CPU that has a level; it leaves away
// what it does not allow programs. AMX is not here: a program must ask for it,
// too, and may be refused.
var needs = map[native.Level]string{
	native.Scalar:      "",
	native.AVX2:        "avx2 fma f16c",
	native.AVXVNNI:     "avx2 fma f16c avx_vnni",
	native.AVX512:      "avx2 fma f16c avx512f avx512dq avx512bw avx512vl avx512_vnni",
	native.AMXEmulated: "avx2 fma f16c avx512f avx512dq avx512bw avx512vl avx512_vnni",
}

var levelsOf = map[string][]native.Level{
	"amd64": {native.Scalar, native.AVX2, native.AVXVNNI, native.AVX512, native.AMX, native.AMXEmulated},
	"arm64": {native.Scalar, native.NEON, native.I8MM},
}

// TestNoLevelOfTheProcessorIsMissed compares with what the operating system
// says, and prints the line that `make test` shows: the levels at which every
// other test here runs, and those that this machine lacks.
func TestNoLevelOfTheProcessorIsMissed(t *testing.T) {
	have := native.Levels()
	known, ok := levelsOf[runtime.GOARCH]
	if !ok {
		known = []native.Level{native.Scalar}
	}
	if len(have) == 0 {
		t.Logf("instructions: none, this build has no C; all tests ran on the reference in Go alone")
		return
	}
	var ran, lacking []string
	for _, l := range known {
		if slices.Contains(have, l) {
			ran = append(ran, l.String())
		} else {
			lacking = append(lacking, l.String())
		}
	}
	if len(ran) != len(have) {
		t.Errorf("levels %v, of which only %v belong to %s", have, ran, runtime.GOARCH)
	}
	if len(lacking) == 0 {
		lacking = []string{"nothing"}
	}
	t.Logf("instructions: tested at %s; this machine (%s) lacks %s", strings.Join(ran, ", "), runtime.GOARCH, strings.Join(lacking, ", "))
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil || runtime.GOARCH != "amd64" {
		return
	}
	flags := strings.Fields(string(info))
	for l, need := range needs {
		lacks := slices.ContainsFunc(strings.Fields(need), func(f string) bool { return !slices.Contains(flags, f) })
		if !lacks && !slices.Contains(have, l) {
			t.Errorf("level %v is not found, though the system has %s", l, need)
		}
	}
}
