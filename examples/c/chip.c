// A sound chip: two square waves play an arpeggio, a triangle the bass, noise the beat. Neither libc nor an allocator is needed.
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define MOST_FRAMES 8192 // blockFrames goes no further

typedef struct { uint32_t phase, step; } Voice; // of a whole turn, in 32 bits

static float rate;
static float out[2 * MOST_FRAMES]; // planar: the left channel's frames, then the right one's
static Voice lead, second, bass;
static uint32_t clock_frames, beat, noise = 1;

static const float chords[4][4] = {
    {440.00f, 523.25f, 659.26f, 880.00f}, {349.23f, 440.00f, 523.25f, 698.46f}, {523.25f, 659.26f, 783.99f, 1046.50f}, {392.00f, 493.88f, 587.33f, 783.99f}};

static void tune(Voice *voice, float hz) { voice->step = (uint32_t)(hz / rate * 4294967296.0f); }
static float square(Voice *voice, uint32_t duty) { return (voice->phase += voice->step) < duty ? 1.0f : -1.0f; }

static float triangle(Voice *voice) {
    const float turn = (float)(voice->phase += voice->step) / 4294967296.0f;
    return turn < 0.5f ? 4.0f * turn - 1.0f : 3.0f - 4.0f * turn;
}

EXPORT(start) void start(float sample_rate) { rate = sample_rate; }

// `frames` more frames; where they lie.
EXPORT(render) float *render(int frames) {
    const uint32_t beat_frames = (uint32_t)(rate / 12.0f);
    for (int frame = 0; frame < frames; frame++) {
        if (clock_frames % beat_frames == 0) {
            const float *chord = chords[beat / 32 % 4];
            tune(&lead, chord[beat % 4]);
            tune(&second, chord[beat / 4 % 4] * 0.5f);
            tune(&bass, chord[0] * 0.25f);
            beat++;
        }
        const uint32_t since = clock_frames++ % beat_frames;
        noise ^= noise << 13, noise ^= noise >> 17, noise ^= noise << 5;
        const float hit = beat % 4 == 1 && since < beat_frames / 3 ? (float)(int32_t)noise / 2147483648.0f : 0.0f;
        const float middle = 0.15f * triangle(&bass) + 0.05f * hit;
        const float left = 0.08f * square(&lead, 1u << 30), right = 0.06f * square(&second, 1u << 31);
        out[frame] = middle + left + 0.5f * right;
        out[frames + frame] = middle + 0.5f * left + right;
    }
    return out;
}
