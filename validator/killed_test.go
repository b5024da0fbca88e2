package validator_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// diedIn names the directory of the database in which another process judges until
// it is killed.
const diedIn = "ASSAY_TEST_DIED_IN"

// TestAProcessThatIsKilledBetweenFindingAndPostingPosts: a process judges with a
// database on the disk, says so, and is killed with signal 9. Another with that
// database challenges one of the false answers as soon as that can be, and has its
// engine run nothing again.
func TestAProcessThatIsKilledBetweenFindingAndPostingPosts(t *testing.T) {
	if dir := os.Getenv(diedIn); dir != "" {
		trialOn(t, openStore(t, dir), 666, 666, 666)
		fmt.Println("found")
		select {} // until it is killed
	}
	dir := t.TempDir()
	// It is killed below, and that is the point.
	other := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	other.Env = append(os.Environ(), diedIn+"="+dir)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for said.Scan() && said.Text() != "found" {
	}
	if said.Text() != "found" {
		t.Fatalf("the other process ended: %v, %v", said.Err(), other.Wait())
	}
	if err := other.Process.Kill(); err != nil { // signal 9
		t.Fatal(err)
	}
	_ = other.Wait() // it says that it was killed

	w, _, _ := trial(t, 666, 666, 666) // the ledger is as it was
	reference := &referee{}
	w.judge = &puppet{}
	cfg := w.config(newMemory())
	cfg.Store, cfg.Reference = openStore(t, dir), []validator.Judge{reference}
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.opensPlants(w.makers[1])
	from := ledger.ChallengeFrom(w.p.Schedule, epoch)
	for h := shownEnd + 1; h < from; h++ {
		w.step(v, h)
		w.work(v)
	}
	if w.judge.runs != 0 || len(reference.ran) != 1 {
		t.Errorf("the engine ran %d answers again, the reference %v, want none and one", w.judge.runs, reference.ran)
	}
	if got := w.challenged(); !slices.Equal(got, reference.ran) {
		t.Errorf("challenged %v, want %v", got, reference.ran)
	}
	if got := sent[*wire.JudgeChallenge](w); len(got) != 1 || got[0].Evidence.Case.UID != w.makers[1].id.UID {
		t.Errorf("posted %+v", got)
	}
}

// openStore opens a database as the daemons do.
func openStore(t *testing.T, dir string) node.Records {
	t.Helper()
	db, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return node.RecordsOf(db)
}
