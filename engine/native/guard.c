/* guard.c - files that are cut off while they are mapped.
 *
 * The kernels read weights where the file is mapped. A file that became shorter, or whose disk fails, has no pages there any
 * more, and the thread that reads one gets a SIGBUS: the end of the process, with all its other models and duties. So a handler
 * looks whether the address lies in a mapping that eng_watch was told of. If so, it puts pages of zeros over the rest of the
 * mapping, marks it as cut, and lets the kernel go on; whoever waits for the kernel asks eng_cut and throws all of it away. Zeros
 * are as good as any weights to a kernel: no address depends on them.
 *
 * Any other SIGBUS goes to the handler that was there before, which is the Go runtime's: it makes faults of goroutines panics,
 * or ends the process. Go asks of handlers like this one that they use the alternate stack and pass on what is not theirs (package
 * os/signal, "Go programs that use cgo").
 *
 * The handler takes no lock and calls nothing but mmap, which is not on POSIX's list of functions for handlers, but is a bare
 * system call here. An entry is written while nobody reads its mapping, before the first and after the last read; a handler that
 * looks at it on its way to another one sees an odd version, or another one than before, and goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include "internal.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

struct watch {
	_Atomic uint32_t version;      /* odd while begin and end change */
	_Atomic uintptr_t begin, end;  /* whole pages; 0 where free */
	_Atomic int cut;
};

static struct watch watches[ENG_WATCHES];
static pthread_mutex_t change = PTHREAD_MUTEX_INITIALIZER; /* of watches and installed */
static int installed;
static uintptr_t page_size;      /* written before the handler is installed, like before */
static struct sigaction before;

/* Whether addr lies in w; if so, where the mapping ends. */
static int holds(const struct watch *w, uintptr_t addr, uintptr_t *end)
{
	uint32_t version = atomic_load_explicit(&w->version, memory_order_acquire);
	uintptr_t begin = atomic_load_explicit(&w->begin, memory_order_relaxed);
	*end = atomic_load_explicit(&w->end, memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return version % 2 == 0 && begin <= addr && addr < *end && atomic_load_explicit(&w->version, memory_order_relaxed) == version;
}

/* Zeros from begin to end, instead of what is mapped there. */
static int put_zeros(uintptr_t begin, uintptr_t end)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
#if defined(__linux__) && defined(SYS_mmap)
	/* Not through a wrapper, which a sanitizer may have put its own code into. */
	return syscall(SYS_mmap, (void *)begin, end - begin, PROT_READ, flags, -1, 0) == (long)begin;
#else
	return mmap((void *)begin, end - begin, PROT_READ, flags, -1, 0) == (void *)begin;
#endif
}

static void pass_on(int sig, siginfo_t *info, void *context)
{
	if (before.sa_flags & SA_SIGINFO) {
		before.sa_sigaction(sig, info, context);
	} else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
		before.sa_handler(sig);
	} else {
		sigaction(sig, &before, NULL); /* the instruction faults again, and the system does what it does then */
		if (info->si_code <= 0)
			raise(sig);
	}
}

static void on_bus_error(int sig, siginfo_t *info, void *context)
{
	const int saved = errno;
	const uintptr_t addr = (uintptr_t)info->si_addr;
	for (int i = 0; info->si_code > 0 && i < ENG_WATCHES; i++) { /* above 0: of an access, not of kill */
		uintptr_t end;
		if (!holds(&watches[i], addr, &end))
			continue;
		atomic_store(&watches[i].cut, 1);
		if (!put_zeros(addr & ~(page_size - 1), end))
			break;
		errno = saved;
		return;
	}
	pass_on(sig, info, context);
	errno = saved;
}

static int install(void)
{
	if (installed)
		return 1;
	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct sigaction ours = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
	sigfillset(&ours.sa_mask); /* as Go has it: nothing interrupts a handler that may go on into Go's */
	installed = sigaction(SIGBUS, NULL, &before) == 0 && sigaction(SIGBUS, &ours, NULL) == 0;
	return installed;
}

static void set(struct watch *w, uintptr_t begin, uintptr_t end)
{
	atomic_fetch_add(&w->version, 1);
	atomic_store(&w->begin, begin);
	atomic_store(&w->end, end);
	atomic_store(&w->cut, 0);
	atomic_fetch_add(&w->version, 1);
}

int eng_watch(const uint8_t *data, int64_t bytes)
{
	int slot = -1;
	pthread_mutex_lock(&change);
	if (data && bytes > 0 && install()) {
		const uintptr_t begin = (uintptr_t)data & ~(page_size - 1);
		const uintptr_t end = ((uintptr_t)data + (uintptr_t)bytes + page_size - 1) & ~(page_size - 1);
		for (int i = 0; i < ENG_WATCHES && slot < 0; i++)
			if (atomic_load(&watches[i].end) == 0) {
				set(&watches[i], begin, end);
				slot = i;
			}
	}
	pthread_mutex_unlock(&change);
	return slot;
}

void eng_unwatch(int slot)
{
	pthread_mutex_lock(&change);
	if (slot >= 0 && slot < ENG_WATCHES)
		set(&watches[slot], 0, 0);
	pthread_mutex_unlock(&change);
}

int eng_cut(int slot) { return slot >= 0 && slot < ENG_WATCHES && atomic_load(&watches[slot].cut); }

struct reading {
	const uint8_t *data;
	int64_t bytes;
	int parts;
	_Atomic uint64_t sum;
};

static void read_part(void *arg, int part, int thread)
{
	struct reading *r = arg;
	const volatile uint8_t *p = r->data;
	uint64_t sum = 0;
	(void)thread;
	for (int64_t i = r->bytes * part / r->parts; i < r->bytes * (part + 1) / r->parts; i++)
		sum += p[i];
	atomic_fetch_add(&r->sum, sum);
}

int eng_test_read(int threads, const uint8_t *data, int64_t bytes, uint64_t *sum)
{
	struct eng_pool *pool = NULL;
	int status = eng_pool_new(&pool, threads, 0);
	if (status != ENG_OK)
		return status;
	struct reading r = {.data = data, .bytes = bytes, .parts = 4 * threads};
	eng_pool_run(pool, r.parts, read_part, &r);
	eng_pool_free(pool);
	*sum = atomic_load(&r.sum);
	return ENG_OK;
}
