package daemon

import (
	"context"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// Notify tells systemd that what it started is ready, and that it stops when ctx is
// done (sd_notify(3)); it does nothing where no unit of Type=notify started it. The
// function that it returns waits for no more than a message under way.
func Notify(ctx context.Context, log zerolog.Logger) (done func()) {
	tell := func(state string) {
		if _, err := systemd.SdNotify(false, state); err != nil {
			log.Warn().Err(err).Str("state", state).Msg("systemd was not told")
		}
	}
	tell(systemd.SdNotifyReady)
	told := make(chan struct{})
	never := context.AfterFunc(ctx, func() {
		tell(systemd.SdNotifyStopping)
		close(told)
	})
	return func() {
		switch {
		case !never():
			<-told
		case ctx.Err() != nil: // it was done, and the function above had not begun
			tell(systemd.SdNotifyStopping)
		}
	}
}
