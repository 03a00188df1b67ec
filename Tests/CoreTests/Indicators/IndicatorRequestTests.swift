import CloudEvents
import KeptnModel
import Testing

@testable import Core

@Suite("What an SLI provider is asked")
struct IndicatorRequestTests {
    private static let request = IndicatorRequest(
        scope: Scope(project: "sockshop", stage: "dev", service: "carts"), start: Timestamp(seconds: 1_700_000_000),
        end: Timestamp(milliseconds: 1_700_000_090_500), indicators: [], deployment: "canary",
        testStrategy: "performance",
        context: "c-1", labels: ["version": "v1.2", "evil": "'}) or vector(1)"],
        filters: [("handler", "ItemsController"), ("SERVICE_ID", "S-1")])

    @Test(
        "Placeholders are filled in",
        arguments: [
            ("up{job='$SERVICE-$PROJECT-$STAGE-$DEPLOYMENT'}", "up{job='carts-sockshop-dev-canary'}"),
            ("rate(x[$DURATION_SECONDS])", "rate(x[91s])"), ("$TESTSTRATEGY/$CONTEXT", "performance/c-1"),
            ("$LABEL.version $LABEL.none", "v1.2 $LABEL.none"),
            ("$handler $HANDLER", "ItemsController ItemsController"),
            // The longer name counts: as two words this would be carts_ID.
            ("$SERVICE_ID", "S-1"), ("x=~'.*$' and $$SERVICE", "x=~'.*$' and $carts"),
            ("'$LABEL.evil'", "'}) or vector(1)'"), ("", ""),
        ])
    func placeholders(_ query: String, _ filled: String) { #expect(Self.request.filled(query) == filled) }

    @Test("The event's data becomes the request")
    func reading() throws {
        let data: JSON = [
            "get-sli": [
                "start": "2026-01-31T12:00:00Z", "end": "2026-01-31T12:05:00.000Z", "indicators": ["a", "b"],
                "customFilters": [["key": "job", "value": "x"]], "sampled": ["b"],
            ],
            "labels": ["build": "7", "count": 3], "deployment": "primary", "test": ["teststrategy": "functional"],
        ]
        let request = try IndicatorRequest(getSLI: data, scope: Self.request.scope, context: "c")
        #expect(request.seconds == 300)
        #expect(request.indicators == ["a", "b"])
        #expect(request.sampled == ["b"])
        #expect(request.labels == ["build": "7", "count": "3"])
        #expect(request.filters.map(\.key) == ["job"] && request.filters.map(\.value) == ["x"])
        #expect(request.deployment == "primary" && request.testStrategy == "functional")
    }

    @Test(
        "A window that is none is refused",
        arguments: [
            ("yesterday", "2026-01-31T12:00:00Z", "get-sli.start is 'yesterday'"),
            ("2026-01-31T12:00:00Z", "", "get-sli.end is ''"),
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z", "is not after its start"),
        ])
    func noWindow(_ start: String, _ end: String, _ reason: String) {
        let data: JSON = ["get-sli": ["start": .string(start), "end": .string(end)]]
        let error = #expect(throws: EvaluationError.self) {
            try IndicatorRequest(getSLI: data, scope: Self.request.scope, context: "c")
        }
        #expect(error?.description.contains(reason) == true)
    }

    @Test("A provider that has measured nothing has failed, one that misses something warns")
    func shortfall() {
        let (good, bad) = (SLIValue("a", 1), SLIValue.failed("b", "no data"))
        #expect(IndicatorShortfall([]).result == .pass)
        #expect(IndicatorShortfall([good]).result == .pass)
        let some = IndicatorShortfall([good, bad])
        #expect(some.result == .warning && some.message == "1 of 2 SLIs have no value; b: no data")
        #expect(IndicatorShortfall([bad]).result == .fail)
    }
}
