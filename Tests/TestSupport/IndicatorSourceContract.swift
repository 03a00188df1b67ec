package import CloudEvents
package import Core
package import KeptnModel
package import Ports
import Testing

/// What every `IndicatorSource` has to do. The source knows `steady`, which is 42 all the time, `growing`, whose
/// samples are several numbers from 1 on, and `absent`, of which there are no measurements; it does not know `unheard`.
package enum IndicatorSourceContract {
    package static let (start, end) = (Timestamp(seconds: 1_700_000_000), Timestamp(seconds: 1_700_000_600))

    package static func request(_ indicators: [String], sampled: Set<String> = []) -> IndicatorRequest {
        IndicatorRequest(
            scope: Scope(project: "sockshop", stage: "dev", service: "carts"), start: start, end: end,
            indicators: indicators, sampled: sampled)
    }

    /// One value for each indicator, in the order in which they were asked for; what has none says why.
    package static func answersInOrder(_ source: any IndicatorSource, _ means: IndicatorMeans) async throws {
        let asked = ["absent", "steady", "unheard", "steady", "growing"]
        let values = try await source.measure(request(asked), means)
        #expect(values.map(\.metric) == asked)
        #expect(values.map(\.success) == [false, true, false, true, true], "\(values.map(\.message))")
        #expect(values[1].value == 42 && values[3].value == 42)
        #expect(values[0].message.contains("no data"), "\(values[0].message)")
        #expect(values[2].message.contains("unheard"), "\(values[2].message)")
        #expect(try await source.measure(request([]), means).isEmpty)
    }

    /// Samples come only where they were asked for.
    package static func sampling(_ source: any IndicatorSource, _ means: IndicatorMeans) async throws {
        let values = try await source.measure(request(["steady", "growing"], sampled: ["growing"]), means)
        #expect(values.first?.samples == [])
        let samples = values.last?.samples ?? []
        #expect(samples.count > 3 && samples == samples.sorted() && samples.first != samples.last, "\(samples)")
    }

    /// When the time of all queries is over, nobody is asked any more, and every indicator says so.
    package static func outOfTime(_ source: any IndicatorSource, _ means: IndicatorMeans) async throws {
        let time = ManualTime()
        var means = means
        means.deadline = IndicatorDeadline(.seconds(1), time: time)
        time.advance(by: .seconds(2))
        let values = try await source.measure(request(["steady", "growing"]), means)
        #expect(values.map(\.success) == [false, false])
        #expect(values.allSatisfy { $0.message.contains("not asked") })
    }
}
