// Stands in for a Chainlink USD feed (EACAggregatorProxy), checked against AggregatorV2V3Interface as Aave's AaveOracle reads it.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title A price in USD with 8 decimals that anyone may set, or switch to reverting.
contract PriceFeed {
    struct Round {
        int256 answer;
        uint256 updatedAt;
    }

    uint8 public constant decimals = 8;
    uint256 public constant version = 4;
    string public description;

    /// @notice The number of the newest round; the first is 1.
    uint256 public latestRound;

    /// @notice While true, every read of a price reverts.
    bool public broken;

    mapping(uint256 roundId => Round) private _rounds;

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    error FeedIsBroken();

    /// @param description_ The pair, as in "ETH / USD".
    /// @param answer The first price, 8 decimals.
    constructor(string memory description_, int256 answer) {
        description = description_;
        set(answer);
    }

    /// @notice Publishes a price.
    /// @param answer The price in USD, 8 decimals; zero and below are allowed, since a real feed can report them.
    function set(int256 answer) public {
        uint256 roundId = ++latestRound;
        _rounds[roundId] = Round(answer, block.timestamp);
        emit AnswerUpdated(answer, roundId, block.timestamp);
    }

    /// @notice Makes every read revert, or heals it.
    function setBroken(bool broken_) external {
        broken = broken_;
    }

    function latestAnswer() external view returns (int256) {
        return getAnswer(latestRound);
    }

    function latestTimestamp() external view returns (uint256) {
        return getTimestamp(latestRound);
    }

    function getAnswer(uint256 roundId) public view returns (int256) {
        if (broken) revert FeedIsBroken();
        return _rounds[roundId].answer;
    }

    function getTimestamp(uint256 roundId) public view returns (uint256) {
        if (broken) revert FeedIsBroken();
        return _rounds[roundId].updatedAt;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(uint80(latestRound));
    }

    function getRoundData(uint80 roundId)
        public
        view
        returns (uint80, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        answer = getAnswer(roundId);
        updatedAt = _rounds[roundId].updatedAt;
        return (roundId, answer, updatedAt, updatedAt, roundId);
    }
}
