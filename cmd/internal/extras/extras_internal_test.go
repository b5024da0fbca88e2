package extras

import (
	"io/fs"
	"regexp"
	"testing"
)

// closing are settings of a unit after which only devices that it names can be
// opened: the first because it names that of the clock (systemd.exec(5),
// DeviceAllow in systemd.resource-control(5)).
var closing = regexp.MustCompile(`(?m)^(ProtectClock|PrivateDevices|DevicePolicy|DeviceAllow)=.*$`)

// TestUnitsLeaveGPUsInReach: each says that it does, and closes no device.
func TestUnitsLeaveGPUsInReach(t *testing.T) {
	paths, err := fs.Glob(units, "units/*.service")
	if err != nil || len(paths) != 3 {
		t.Fatalf("got %v %v, want three units", paths, err)
	}
	for _, path := range paths {
		text, err := units.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := closing.Find(text); got != nil {
			t.Errorf("%s: %s closes the GPUs' devices", path, got)
		}
	}
}
