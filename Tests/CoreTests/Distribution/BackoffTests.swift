import Core
import Testing

@Suite struct BackoffTests {
    @Test(
        "Each wait is twice as long as the one before, up to the limit, and half of it is chance",
        arguments: [
            (1, 0.0, Duration.milliseconds(25)), (1, 0.5, .microseconds(37500)), (2, 0.0, .milliseconds(50)),
            (3, 0.0, .milliseconds(100)), (7, 0.0, .milliseconds(1600)), (8, 0.0, .milliseconds(2500)),
            (1000, 0.0, .milliseconds(2500)), (1000, 0.5, .milliseconds(3750)), (0, 0.0, .milliseconds(25)),
        ])
    func delay(attempt: Int, random: Double, expected: Duration) {
        #expect(Backoff().delay(attempt: attempt, random: random) == expected)
    }
}
