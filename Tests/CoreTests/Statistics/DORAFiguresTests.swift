import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("The four figures of delivery") struct DORAFiguresTests {
    private static let day: Int64 = 86_400
    private static let production = Scope(project: "shop", stage: "production", service: "carts")

    private static func at(_ hours: Int) -> Timestamp { Timestamp(seconds: 1_700_000_000 + Int64(hours) * 3600) }

    /// A delivery: triggered, deployed and ended after so many hours.
    private static func delivery(
        _ context: String, _ artifact: String?, in stage: String = "production", triggered: Int, deployed: Int,
        isGood: Bool = true, ended: Int, endsGood: Bool = true
    ) -> DeliveryFact {
        DeliveryFact(
            scope: Scope(project: "shop", stage: stage, service: "carts"), sequence: "delivery", context: context,
            artifact: artifact, triggeredAt: at(triggered), deployment: .init(at: at(deployed), isGood: isGood),
            end: .init(at: at(ended), isGood: endsGood))
    }

    private static func figures(_ facts: [DeliveryFact], from: Int = 0, to: Int = 240) -> DORAFigures? {
        DORAFigures.all(facts, from: at(from), to: at(to)).first { $0.scope == production }
    }

    @Test("Good deployments are counted, and spread over the days")
    func frequency() {
        let facts = [
            Self.delivery("a", nil, triggered: 1, deployed: 2, ended: 3),
            Self.delivery("b", nil, triggered: 11, deployed: 12, ended: 13),
            Self.delivery("c", nil, triggered: 21, deployed: 22, isGood: false, ended: 22, endsGood: false),
            Self.delivery("outside", nil, triggered: 239, deployed: 240, ended: 241),
        ]
        let figures = Self.figures(facts)
        #expect(figures?.deployments == 2)
        #expect(figures?.deploymentsPerDay == 0.2)
        #expect(figures?.changes == 3)
    }

    @Test("The lead time begins with the first event of the artifact, whatever context and stage")
    func leadTime() {
        let facts = [
            Self.delivery("a", "carts:1", in: "dev", triggered: 1, deployed: 2, ended: 3),
            Self.delivery("a", "carts:1", triggered: 4, deployed: 5, ended: 6),
            // Delivered again in a run of its own.
            Self.delivery("b", "carts:1", triggered: 20, deployed: 21, ended: 22),
            Self.delivery("c", "carts:2", triggered: 30, deployed: 31, ended: 32),
            Self.delivery("d", nil, triggered: 40, deployed: 49, ended: 50),
        ]
        let figures = Self.figures(facts)
        #expect(figures?.leadTimes == [.seconds(4 * 3600), .seconds(20 * 3600), .seconds(3600), .seconds(9 * 3600)])
        #expect(figures?.leadTime == .seconds(6.5 * 3600))
    }

    @Test("A change fails by itself, by what follows in its sequence, or by a problem before the next change")
    func failures() {
        let remediation = DeliveryFact(
            scope: Self.production, sequence: "remediation", context: "r", triggeredAt: Self.at(35),
            end: .init(at: Self.at(37), isGood: true))
        let facts = [
            Self.delivery("good", nil, triggered: 1, deployed: 2, ended: 3),
            Self.delivery("failed", nil, triggered: 11, deployed: 12, isGood: false, ended: 12, endsGood: false),
            Self.delivery("gate", nil, triggered: 21, deployed: 22, ended: 24, endsGood: false),
            Self.delivery("problem", nil, triggered: 31, deployed: 32, ended: 33), remediation,
            Self.delivery("after", nil, triggered: 41, deployed: 42, ended: 43),
        ]
        let figures = Self.figures(facts)
        #expect(figures?.changes == 5)
        #expect(figures?.failures == 3)
        #expect(figures?.changeFailureRate == 0.6)
        // 12 to 33 (what failed in between belongs to it), and 35 to 37.
        #expect(figures?.restoreTimes == [.seconds(21 * 3600), .seconds(2 * 3600)])
        #expect(figures?.openFailures == 0)
    }

    @Test("A failure that is still open has no time to restore")
    func open() {
        let facts = [Self.delivery("a", nil, triggered: 1, deployed: 2, ended: 5, endsGood: false)]
        #expect(Self.figures(facts)?.timeToRestore == nil)
        #expect(Self.figures(facts)?.openFailures == 1)
        // And none is known before it.
        #expect(Self.figures(facts, to: 4)?.openFailures == 0)
    }

    @Test("What is not known is null, and has no sample in the metrics")
    func unknown() throws {
        let figures = try #require(
            Self.figures([Self.delivery("a", nil, triggered: 1, deployed: 2, isGood: false, ended: 2, endsGood: false)])
        )
        #expect(figures.json["leadTimeSeconds"] == .null)
        #expect(figures.json["timeToRestoreSeconds"] == .null)
        let text = DORAFigures.metrics([figures])
        let labels = #"{project="shop",service="carts",stage="production"}"#
        #expect(text.contains("keptn_dora_deployments\(labels) 0.0\n"))
        #expect(text.contains("keptn_dora_change_failure_ratio\(labels) 1.0\n"))
        #expect(!text.contains("keptn_dora_lead_time_seconds{"))
    }
}
