// Loaded before anything else: a computer whose clock is wrong by CLOCK_OFFSET_MS.

const offset = Number(process.env['CLOCK_OFFSET_MS'] ?? 0);
const real = Date.now.bind(Date);
Date.now = () => real() + offset;
