package devnet

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// programs are the paths of what a network runs.
type programs struct {
	assay, miner, validator string
	liar                    string // "" where nobody cheats
	readers                 string // "" where nobody rates
}

// ErrProgram says that a program of the network is not installed.
var ErrProgram = errors.New("a program is missing")

// findPrograms finds the programs beside this one, else on PATH.
func findPrograms(cheats, rate bool) (*programs, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	dirs := []string{filepath.Dir(self)}
	if path, err := filepath.EvalSymlinks(self); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	p := &programs{assay: self}
	for name, path := range map[string]*string{"miner": &p.miner, "validator": &p.validator} {
		if *path, err = find(name, dirs); err != nil {
			return nil, fmt.Errorf("%w; install it there: make build makes all three programs", err)
		}
	}
	if cheats {
		if p.liar, err = find("liar", dirs); err != nil {
			return nil, fmt.Errorf("%w; the miner that cheats is installed with no other program: build it from the source with go build ./scripts/adversary/liar, or leave out --cheats", err)
		}
	}
	if rate {
		if p.readers, err = find("readers", dirs); err != nil {
			return nil, fmt.Errorf("%w; the script that rates pairs is installed with no other program: build it from the source with go build ./scripts/demo/readers, or leave out --story", err)
		}
	}
	return p, nil
}

// find returns the path of a program in one of dirs, else on PATH.
func find(name string, dirs []string) (string, error) {
	for _, dir := range dirs {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: %s is neither in %s nor on PATH", ErrProgram, name, dirs[0])
	}
	return path, nil
}
