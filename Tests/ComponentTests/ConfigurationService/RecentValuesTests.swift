import Ports
import Testing

@Suite("RecentValues")
struct RecentValuesTests {
    @Test("Keeps what is used, drops what is not, and stays within its limit")
    func keepsWhatIsUsed() async throws {
        let values = RecentValues<Int, Int>(costMax: 10)
        var made: [Int] = []
        func value(_ key: Int) async throws {
            let value = try await values.value(key) {
                made.append(key)
                return key * 2
            }
            #expect(value == key * 2)
        }
        for key in 0..<100 {
            try await value(key)
            try await value(-1)
        }
        #expect(made.filter { $0 == -1 }.count == 1)
        made = []
        for key in (0..<100).reversed() { try await value(key) }
        #expect((80...95).contains(made.count), "two generations of ten are kept, of a hundred: \(made.count)")
    }

    @Test("Does not keep what costs more than the limit, nor failures")
    func keepsNothingTooLarge() async throws {
        struct Failure: Error {}
        let values = RecentValues<String, [Int]>(costMax: 3) { $0.count }
        for count in 1...2 {
            var calls = 0
            for _ in 0..<2 {
                _ = try await values.value("four") {
                    calls += 1; return [1, 2, 3, 4]
                }
            }
            #expect(calls == 2, "round \(count)")
        }
        await #expect(throws: Failure.self) { _ = try await values.value("x") { throw Failure() } }
        #expect(try await values.value("x") { [1] } == [1])
        #expect(try await values.value("x") { [2] } == [1])
    }
}
