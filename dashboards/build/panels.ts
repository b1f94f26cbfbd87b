/** Each kind of panel that the boards are made of. */
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  HeatmapColorScale,
  PanelBuilder as HeatmapBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { common, type PanelFacts, type Placed } from './panel.ts';

const defaults = { seriesWidth: 8, seriesHeight: 8, figureWidth: 4, figureHeight: 4 };

export interface LineFacts extends PanelFacts {
  /** Piles up values. */
  stack?: 'amount';
  /** Values in the legend, by Grafana's names of calculations. */
  legendCalcs?: readonly string[];
}

/** Lines over time. */
export function lines(facts: LineFacts): Placed {
  const { width = defaults.seriesWidth, height = defaults.seriesHeight, stack, legendCalcs = ['mean', 'max'] } = facts;
  return {
    width,
    height,
    build() {
      const panel = common(new TimeseriesBuilder(), facts, 'range')
        .drawStyle(GraphDrawStyle.Line)
        .lineInterpolation(LineInterpolation.Linear)
        .lineWidth(stack ? 1 : 2)
        .fillOpacity(stack ? 70 : 0)
        .showPoints(VisibilityMode.Never)
        .spanNulls(5_000)
        .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
        .legend(
          new VizLegendOptionsBuilder()
            .displayMode(LegendDisplayMode.Table)
            .placement(LegendPlacement.Bottom)
            .showLegend(true)
            .calcs([...legendCalcs]),
        )
        .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
      if (stack) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
      if (facts.limits && facts.limits.length > 0) panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
      return panel.build();
    },
  };
}

export interface FigureFacts extends PanelFacts {
  /** Of an instant query there is one value; `true` asks for the range and draws it behind. */
  trend?: boolean;
  /** Show the series' name instead of its value, or both. */
  text?: 'value' | 'name' | 'both';
}

/** One number. */
export function figure(facts: FigureFacts): Placed {
  const { width = defaults.figureWidth, height = defaults.figureHeight, trend = false, text = 'value' } = facts;
  const modes = { value: BigValueTextMode.Value, name: BigValueTextMode.Name, both: BigValueTextMode.ValueAndName };
  return {
    width,
    height,
    build: () =>
      common(new StatBuilder(), facts, trend ? 'range' : 'instant')
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
        .graphMode(trend ? BigValueGraphMode.Area : BigValueGraphMode.None)
        .colorMode(facts.limits || facts.mappings ? BigValueColorMode.Background : BigValueColorMode.Value)
        .textMode(modes[text])
        .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
        .build(),
  };
}

/** Bars, one a series, of the present value. */
export function bars(facts: PanelFacts): Placed {
  const { width = defaults.seriesWidth, height = defaults.seriesHeight } = facts;
  return {
    width,
    height,
    build: () =>
      common(new BarGaugeBuilder(), { ...facts, min: facts.min ?? 0 }, 'instant')
        .orientation(VizOrientation.Horizontal)
        .displayMode(BarGaugeDisplayMode.Basic)
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
        .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
        .build(),
  };
}

/** How values spread over time, out of a histogram's buckets: the query gives `sum by (le) (...)`. */
export function heat(facts: PanelFacts): Placed {
  const { width = defaults.seriesWidth, height = defaults.seriesHeight } = facts;
  return {
    width,
    height,
    build: () =>
      common(new HeatmapBuilder(), facts, 'heatmap')
        .calculate(false)
        .yAxis(new YAxisConfigBuilder().unit(facts.unit))
        .color(
          new HeatmapColorOptionsBuilder()
            .mode(HeatmapColorMode.Scheme)
            .scheme('Blues')
            .scale(HeatmapColorScale.Exponential)
            .exponent(0.5)
            .steps(64)
            .reverse(false),
        )
        .cellGap(1)
        .build(),
  };
}
