/* pool.c - threads that take the parts of a loop.
 *
 * The loop in progress is one 64-bit word: generation, number of parts, next part. A thread takes a part by adding one to the
 * word; the sum tells it, in one atomic step, of which loop the part is. So a thread that looked at an old loop and took a part
 * of a new one knows it, and does that part. The function and argument of a loop do not change before all its parts are done,
 * and a part taken is one not done, so reading them after taking is safe.
 *
 * Nobody waits for a thread that sleeps or has lost its processor, unless it holds a part: the others take all there is. A
 * thread without work looks for some microseconds and then sleeps, so that idle models and crowded machines cost nothing. While it
 * looks it fetches what it will likely read in the loop after this one, where the caller of the loop said what that is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#ifdef __linux__
#include <sys/resource.h>
#endif
#include "internal.h"

enum { INDEX_BITS = 20, LOOKS = 4096, LOOKS_BEFORE_YIELD = 2048 };
enum { AHEAD = 64 << 10, AHEAD_A_LOOK = 4 * LINE }; /* bytes that a thread fetches for the next loop at most, and between two looks */
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

struct eng_pool {
	_Alignas(128) _Atomic uint64_t word; /* generation << 40 | parts << 20 | next */
	_Alignas(128) _Atomic uint32_t done;
	_Alignas(128) _Atomic uint32_t sleepers;
	_Atomic int stop;
	eng_part part;
	void *arg;
	_Atomic uintptr_t next;   /* where part 0 of the next loop begins to read, 0 where nobody said */
	_Atomic size_t next_part; /* how far its parts are apart */
	int threads, nice, started;
	pthread_mutex_t mu;
	pthread_cond_t wake;
	pthread_t *thread;
};

static void relax(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static int parts_of(uint64_t w) { return (int)(w >> INDEX_BITS & INDEX_MASK); }
static int next_of(uint64_t w) { return (int)(w & INDEX_MASK); }

/* Takes parts until there are none. They are all of one loop: the next does not begin before these are counted as done. */
static void take(struct eng_pool *p, int thread)
{
	uint32_t count = 0;
	for (;; count++) {
		uint64_t w = atomic_load_explicit(&p->word, memory_order_relaxed);
		if (next_of(w) >= parts_of(w))
			break;
		w = atomic_fetch_add_explicit(&p->word, 1, memory_order_acq_rel);
		if (next_of(w) >= parts_of(w))
			break;
		p->part(p->arg, next_of(w), thread);
	}
	if (count > 0)
		atomic_fetch_add_explicit(&p->done, count, memory_order_release);
}

/* What a thread fetches while it waits. */
struct ahead {
	uintptr_t at, end;
};

/* A thread begins the next loop with the part of its own number as a rule: the caller, which publishes the loop, takes the first. */
static struct ahead ahead_of(struct eng_pool *p, int thread)
{
	const uintptr_t first = atomic_load_explicit(&p->next, memory_order_relaxed);
	const size_t part = atomic_load_explicit(&p->next_part, memory_order_relaxed);
	const uintptr_t at = first + (uintptr_t)thread * part;
	return (struct ahead){at, at + (first ? part < AHEAD ? part : AHEAD : 0)};
}

/* One look: fetches a little, or lets the processor rest. */
static void look(struct ahead *a)
{
	if (a->at >= a->end) {
		relax();
		return;
	}
	for (int i = 0; i < AHEAD_A_LOOK; i += LINE, a->at += LINE)
		__builtin_prefetch((const void *)a->at, 0, 2);
}

struct start {
	struct eng_pool *pool;
	int thread;
};

static int idle(struct eng_pool *p)
{
	uint64_t w = atomic_load_explicit(&p->word, memory_order_seq_cst);
	return next_of(w) >= parts_of(w) && !atomic_load_explicit(&p->stop, memory_order_relaxed);
}

static void *work(void *arg)
{
	struct start s = *(struct start *)arg;
	struct eng_pool *p = s.pool;
	free(arg);
#ifdef __linux__
	if (p->nice > 0)
		setpriority(PRIO_PROCESS, 0, p->nice); /* of this thread; where it is refused nothing changes */
#endif
	while (!atomic_load_explicit(&p->stop, memory_order_relaxed)) {
		take(p, s.thread);
		struct ahead a = ahead_of(p, s.thread);
		int looks = 0;
		while (looks < LOOKS && idle(p)) {
			look(&a);
			looks++;
		}
		if (looks < LOOKS)
			continue;
		pthread_mutex_lock(&p->mu);
		atomic_fetch_add(&p->sleepers, 1);
		while (idle(p))
			pthread_cond_wait(&p->wake, &p->mu);
		atomic_fetch_sub(&p->sleepers, 1);
		pthread_mutex_unlock(&p->mu);
	}
	return NULL;
}

int eng_pool_new(struct eng_pool **out, int threads, int nice)
{
	struct eng_pool *p = eng_alloc(sizeof *p);
	if (!p)
		return ENG_NO_MEMORY;
	p->threads = threads;
	p->nice = nice;
	pthread_mutex_init(&p->mu, NULL);
	pthread_cond_init(&p->wake, NULL);
	p->thread = eng_alloc((size_t)threads * sizeof *p->thread);
	for (int i = 1; p->thread && i < threads; i++) {
		struct start *s = eng_alloc(sizeof *s);
		if (s)
			*s = (struct start){p, i};
		if (!s || eng_refuses() || pthread_create(&p->thread[i], NULL, work, s) != 0) {
			free(s);
			break;
		}
		p->started++;
	}
	if (p->started != threads - 1) {
		eng_pool_free(p);
		return ENG_NO_MEMORY;
	}
	*out = p;
	return ENG_OK;
}

void eng_pool_free(struct eng_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->mu);
	atomic_store(&p->stop, 1);
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->mu);
	for (int i = 1; i <= p->started; i++)
		pthread_join(p->thread[i], NULL);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->mu);
	free(p->thread);
	free(p);
}

void eng_pool_next(struct eng_pool *p, const uint8_t *first, size_t part)
{
	atomic_store_explicit(&p->next, (uintptr_t)first, memory_order_relaxed);
	atomic_store_explicit(&p->next_part, part, memory_order_relaxed);
}

void eng_pool_run(struct eng_pool *p, int n, eng_part part, void *arg)
{
	if (n <= 1 || p->threads == 1) {
		for (int i = 0; i < n; i++)
			part(arg, i, 0);
		return;
	}
	/* Loops of more parts than the word holds do not occur: eng_step bounds its columns. */
	uint64_t generation = atomic_load_explicit(&p->word, memory_order_relaxed) >> 2 * INDEX_BITS;
	p->part = part;
	p->arg = arg;
	atomic_store_explicit(&p->done, 0, memory_order_relaxed);
	atomic_store_explicit(&p->word, (generation + 1) << 2 * INDEX_BITS | (uint64_t)n << INDEX_BITS, memory_order_seq_cst);
	if (atomic_load_explicit(&p->sleepers, memory_order_seq_cst) > 0) {
		pthread_mutex_lock(&p->mu);
		pthread_cond_broadcast(&p->wake);
		pthread_mutex_unlock(&p->mu);
	}
	take(p, 0);
	struct ahead a = ahead_of(p, 0);
	for (int looks = 0; atomic_load_explicit(&p->done, memory_order_acquire) != (uint32_t)n; looks++) {
		if (looks < LOOKS_BEFORE_YIELD)
			look(&a);
		else
			sched_yield(); /* whoever holds the last part may need this processor */
	}
}
