package runfile_test

import (
	"encoding/json"
	"testing"

	"github.com/assaynet/assay/engine/runfile"
)

// FuzzParse reads runs from arbitrary bytes; what is read and written
// again is read as the same run.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"model_id":"00","prompt_ids":[1],"ids":[2,3],"text":"x","finish":"stop","leaves":[]}`))
	f.Add([]byte(`{"ids":[99999999999]}`))
	f.Add([]byte(`{"settings":{"seed":"` + "00000000000000000000000000000000" + `"}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, _, err := runfile.Parse(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := runfile.Parse(again); err != nil {
			t.Fatalf("%s is refused: %v", again, err)
		}
	})
}
