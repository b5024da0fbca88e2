package usage_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

// TestMain is the program of TestASecondSignalEndsItAtOnce where it is told to
// be: one that notes the first signal and then goes on for ever.
func TestMain(m *testing.M) {
	if os.Getenv("USAGE_TEST_DEAF") == "" {
		os.Exit(m.Run())
	}
	deaf := &cli.Command{Name: "deaf", Action: func(c *cli.Context) error {
		fmt.Println("ready")
		<-c.Done()
		fmt.Println("told")
		select {}
	}}
	os.Args = []string{"x", "deaf"}
	usage.Main(usage.App("x", "", "", deaf))
}

// The signal is not SIGINT, which a program that a script started beside itself
// ignores from its begin, and again after the first.
func TestASecondSignalEndsItAtOnce(t *testing.T) {
	program := exec.CommandContext(t.Context(), os.Args[0])
	program.Env = append(os.Environ(), "USAGE_TEST_DEAF=1")
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, want := range []string{"ready", "told"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("got %q, want %s", lines.Text(), want)
		}
		if err := program.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	exit := (*exec.ExitError)(nil)
	if err := program.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("got %v, want an end by the signal", err)
	}
}
